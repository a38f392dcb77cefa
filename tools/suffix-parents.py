#!/usr/bin/env python3
"""Writes crates/fetch-cors/src/policy/suffix_parents.txt: the names that are not public suffixes but have some below them, such as
amazonaws.com above s3.amazonaws.com, each with the shortest suffix below it.

    python3 tools/suffix-parents.py public_suffix_list.dat > crates/fetch-cors/src/policy/suffix_parents.txt

The list is at https://publicsuffix.org/list/; the crate `psl` has it as data/rules.txt.
"""

import sys


def to_ascii(name):
    return name if name.isascii() else name.encode("idna").decode()


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        rules = {to_ascii(rule) for line in lines if (rule := line.split("//")[0].strip())}

    def is_covered(name):
        """Whether the rules alone say that strangers register names right below this one."""
        parent = name.partition(".")[2]
        return name in rules or f"*.{name}" in rules or f"*.{parent}" in rules

    below = {}
    for rule in sorted(rules, key=lambda rule: (len(rule), rule)):
        name = rule.lstrip("!").removeprefix("*.")
        while "." in name:
            name = name.partition(".")[2]
            if not is_covered(name):
                below.setdefault(name, rule.lstrip("!"))
    for name in sorted(below):
        print(name, below[name])


main()
