//! What the page shows of each message, against what the API received and sent.

use serde::Deserialize;
use serde_json::json;

use crate::{Tried, case::Case, page::Page, said, same, seen::Seen};

/// What is shown of a message that was chosen in the diagram.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Details {
    line: String,
    headers: Vec<Header>,
    body: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Header {
    name: String,
    /// None where it is shown as missing.
    value: Option<String>,
    decides: bool,
}

impl Details {
    fn shown(&self) -> Vec<(String, String)> {
        let lines = self.headers.iter();
        lines.filter_map(|header| Some((header.name.clone(), header.value.clone()?))).collect()
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| header.value.as_deref())
    }
}

const READ: &str = "const details = document.querySelector('[data-part=message]');
    if (details.hidden) return null;
    const rows = [...details.querySelectorAll('.headers > div')];
    return {
        line: details.querySelector('.line').textContent,
        headers: rows.map((row) => {
            const value = row.querySelector('dd').cloneNode(true);
            const tags = [...value.querySelectorAll('.tag')];
            for (const tag of tags) tag.remove();
            const isAbsent = !row.querySelector('dd').hasAttribute('data-header');
            return { name: row.querySelector('dt').textContent, value: isAbsent ? null : value.textContent, decides: row.classList.contains('decisive') };
        }),
        body: details.querySelector('.body')?.textContent ?? null,
    };";

impl Page {
    /// Chooses each message in turn.
    pub(crate) async fn messages(&self, count: usize) -> Tried<Vec<Details>> {
        let mut messages = Vec::new();
        for index in 0..count {
            self.click(&format!("[data-message='{index}'] .label")).await?;
            self.find(&format!("[data-message='{index}'][aria-pressed=true]")).await?;
            let details = self.wait_for(READ).await?;
            messages.push(serde_json::from_value(details).map_err(said)?);
        }
        Ok(messages)
    }
}

/// Names that the page marks wherever a request has them.
const ASKING: [&str; 4] =
    ["origin", "access-control-request-method", "access-control-request-headers", "cookie"];

pub(crate) fn judge(case: &Case, seen: &Seen) -> Tried<()> {
    let messages = seen.messages.as_ref()?;
    let diagram = seen.diagram.as_ref()?;
    same("how many messages there are", &messages.len(), &diagram.messages())?;
    let (Some(call), Some(result)) = (messages.first(), messages.last()) else {
        return Err("there are no messages".to_owned());
    };

    // What the API received and sent, as it logged it itself.
    let mut wire = messages.iter().skip(1);
    for exchange in &seen.exchanges {
        let (Some(request), Some(response)) = (wire.next(), wire.next()) else {
            return Err(format!("{} {} is not shown", exchange.method, exchange.target));
        };
        let what = |part: &str| format!("{part} of {} {}", exchange.method, exchange.target);
        let host = exchange.request("host").unwrap_or_default();
        let line = format!("{} http://{host}{}", exchange.method, exchange.target);
        same(&what("the first line"), &request.line, &line)?;
        same(&what("the headers"), &request.shown(), &exchange.request_headers)?;
        let status = exchange.status.map(|status| status.to_string()).unwrap_or_default();
        if response.line.split(' ').next() != Some(&status) {
            return Err(format!(
                "{}: the page shows {:?}, it is {status}",
                what("the status"),
                response.line
            ));
        }
        same(&what("the response's headers"), &response.shown(), &exchange.response_headers)?;
        let body = Some(&exchange.body).filter(|body| !body.is_empty());
        same(&what("the response's body"), &response.body.as_ref(), &body)?;
        for header in &request.headers {
            let decides = ASKING.contains(&header.name.to_ascii_lowercase().as_str());
            same(&what(&format!("whether {} decides", header.name)), &header.decides, &decides)?;
        }
    }

    same("the headers that script sets", &call.shown(), &seen.headers())?;
    let body = seen.request["body"]["text"].as_str().map(str::to_owned);
    same("the body that script sends", &call.body, &body)?;
    let given = seen.own_fetch.as_ref()?;
    let readable: Vec<(String, String)> =
        serde_json::from_value(given["headers"].clone()).unwrap_or_default();
    same("the headers that script is given", &result.shown(), &readable)?;

    for (number, name, value) in case.headers {
        let message = messages.get(number - 1).ok_or_else(|| format!("there is no message {number}"))?;
        let value = value.map(|value| seen.names.fill(value));
        same(&format!("{name} in message {number}"), &message.value(name), &value.as_deref())?;
    }
    if case.is_blocked()
        && let Some(withheld) = withheld(messages, seen)
    {
        let decides = withheld.headers.iter().filter(|header| header.decides);
        if decides.count() == 0 {
            return Err(format!("nothing in {:?} is marked as what decides", json!(withheld.shown())));
        }
    }
    Ok(())
}

/// The response that was kept from script.
fn withheld<'a>(messages: &'a [Details], seen: &Seen) -> Option<&'a Details> {
    // Behind the call there are two of each exchange.
    if seen.exchanges.is_empty() { None } else { messages.get(2 * seen.exchanges.len()) }
}
