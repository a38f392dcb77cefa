# Runs named steps one after another and ends with what ran, what was ignored, and how long each step took. Sourced by
# `check`. A step that did not run is a failure: so is the first that fails, and all after it.
#
#     steps=("name|command" …); run_steps

run_steps() {
  local entry name command log status=0 started
  local ran=() seconds=() passed=() ignored=()
  log=$(mktemp)
  for entry in "${steps[@]}"; do
    name=${entry%%|*} command=${entry#*|}
    printf '\n=== %s\n' "$name"
    started=$SECONDS
    # In a shell of its own, so that `set -e` holds within the step although its status is looked at here.
    set +e
    (set -euo pipefail; eval "$command") 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    set -e
    ran+=("$name") seconds+=($((SECONDS - started)))
    passed+=("$(count passed "$log")") ignored+=("$(count ignored "$log")")
    if [ "$status" -ne 0 ]; then break; fi
  done
  rm -f "$log"
  summarize
}

# How many tests passed or were ignored, by the closing lines of cargo's test runner and of Node's, and by `N passed, …`.
count() {
  local word=$1 skipped=$1
  if [ "$word" = ignored ]; then skipped='(ignored|skipped)'; fi
  sed -E 's/\x1b\[[0-9;]*m//g' "$2" | awk -v word="$skipped" '
    /^test result: / || /^[0-9]+ passed, [0-9]+ failed/ {
      for (i = 2; i <= NF; i++) if ($i ~ "^" word "[;,]?$") total += $(i - 1)
    }
    /^(ℹ|#) (pass|skipped) [0-9]+$/ {
      if (($2 == "pass" && word == "passed") || ($2 == "skipped" && word != "passed")) total += $3
    }
    END { print total + 0 }'
}

summarize() {
  local index failed=0 all_passed=0 all_ignored=0 result
  printf '\n=== summary\n%-34s %-12s %8s %8s %8s\n' step result seconds passed ignored
  for index in "${!steps[@]}"; do
    if [ "$index" -ge "${#ran[@]}" ]; then
      printf '%-34s %-12s\n' "${steps[index]%%|*}" 'DID NOT RUN'
      failed=$((failed + 1))
      continue
    fi
    result=ok
    if [ "$index" -eq $((${#ran[@]} - 1)) ] && [ "$status" -ne 0 ]; then
      result=FAILED failed=$((failed + 1))
    fi
    printf '%-34s %-12s %8s %8s %8s\n' "${ran[index]}" "$result" "${seconds[index]}" "${passed[index]}" "${ignored[index]}"
    all_passed=$((all_passed + passed[index])) all_ignored=$((all_ignored + ignored[index]))
  done
  printf '%s steps in %s seconds; tests: %s passed, %s ignored\n' "${#steps[@]}" "$SECONDS" "$all_passed" "$all_ignored"
  printf '%s passed, %s failed\n' "$((${#steps[@]} - failed))" "$failed"
  [ "$failed" -eq 0 ]
}
