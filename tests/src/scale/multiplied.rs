//! Makes a larger cluster out of the lists of a real one: the same objects again, in other namespaces and on
//! other nodes.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use http::Request;
use kube::Client;
use kubelens_core::kubernetes::Kind;

/// What the loader puts before the names of its nodes and namespaces.
const PREFIX: &str = "load-";

/// Lists every kind and writes each list `times` over into `folder`, one file a copy: what belongs to the load
/// gets names and uids of its own in every copy, all else is written once.
pub async fn write(client: &Client, times: usize, folder: &Path) -> Result<()> {
    for kind in Kind::ALL.iter().copied() {
        // Its objects are those of EndpointSlices once more; and metrics are of the moment.
        if kind == Kind::Endpoints || kind.is_optional() {
            continue;
        }
        let root = if kind.group().is_empty() {
            "api"
        } else {
            "apis"
        };
        let path = format!(
            "/{root}/{}/{}?resourceVersion=0",
            kind.api_version(),
            kind.plural()
        );
        let list = client
            .request_text(Request::get(path).body(Vec::new())?)
            .await?;
        let copies = if list.contains(PREFIX) { times } else { 1 };
        for number in 0..copies {
            let file =
                std::fs::File::create(folder.join(format!("{}-{number}.json", kind.plural())))?;
            std::io::BufWriter::new(file).write_all(copy(&list, number).as_bytes())?;
        }
    }
    Ok(())
}

/// The list with the load's names, the Services' addresses and all uids changed; copy 0 is the original.
fn copy(list: &str, number: usize) -> String {
    if number == 0 {
        return list.to_owned();
    }
    // Two Services of one address are a fault.
    list.replace("\"load-", &format!("\"load{number}-"))
        .replace("\"10.96.", &format!("\"10.{}.", 96 + number))
        .replace("\"uid\":\"", &format!("\"uid\":\"{number}"))
}

/// One list of several: the elements of all of them, one after the other.
pub fn joined(lists: &[String]) -> String {
    const ITEMS: &str = "\"items\":[";
    let elements = lists.iter().filter_map(|list| {
        let (_, items) = list.split_once(ITEMS)?;
        let (items, _) = items.rsplit_once(']')?;
        (!items.is_empty()).then_some(items)
    });
    let head = lists.first().and_then(|list| list.split_once(ITEMS));
    let head = head.map_or("{", |(head, _)| head);
    format!("{head}{ITEMS}{}]}}", elements.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_names_and_uids_of_its_own() {
        let list = r#"{"items":[{"metadata":{"name":"svc-1","namespace":"load-03","uid":"ab"}}]}"#;
        assert_eq!(copy(list, 0), list);
        assert_eq!(
            copy(list, 2),
            r#"{"items":[{"metadata":{"name":"svc-1","namespace":"load2-03","uid":"2ab"}}]}"#
        );
    }

    #[test]
    fn lists_are_joined_element_by_element() {
        let lists = [
            r#"{"kind":"L","items":[{"a":[1]}]}"#,
            r#"{"kind":"L","items":[{"b":2}]}"#,
        ]
        .map(String::from);
        assert_eq!(
            joined(&lists),
            r#"{"kind":"L","items":[{"a":[1]},{"b":2}]}"#
        );
    }
}
