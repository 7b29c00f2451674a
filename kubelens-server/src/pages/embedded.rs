//! The pages that are part of this program.

use bytes::Bytes;

use super::{Page, kind_of};

macro_rules! files {
    ($($path:literal => $file:literal;)*) => {
        /// Path and file.
        const FILES: &[(&str, &str, &str)] = &[$(($path, $file, include_str!(concat!("files/", $file)))),*];
    };
}

files! {
    "/" => "index.html";
    "/reference" => "reference.html";
    "/assets/style.css" => "style.css";
    "/assets/client.js" => "client.js";
    "/assets/status.js" => "status.js";
    "/assets/reference.js" => "reference.js";
    "/assets/icon.svg" => "icon.svg";
}

/// The file of a path; what is not there is the first page, as for an interface that finds its way by itself.
pub(super) fn find(path: &str) -> Page {
    let path = path.trim_end_matches(".html");
    let known = FILES.iter().find(|(known, _, _)| *known == path);
    let Some((_, name, text)) = known.or(FILES.first()) else {
        return Page {
            kind: kind_of(""),
            bytes: Bytes::new(),
        };
    };
    Page {
        kind: kind_of(name),
        bytes: Bytes::from_static(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_pages_needs_an_exception_of_the_policy() {
        for (path, name, text) in FILES {
            if kind_of(name) != kind_of("index.html") {
                continue;
            }
            for forbidden in [
                "<style",
                " style=",
                " onclick",
                " onload",
                "javascript:",
                "http://",
                "https://",
            ] {
                assert!(!text.contains(forbidden), "{path}: {forbidden}");
            }
            for script in text.split("<script").skip(1) {
                let (head, rest) = script.split_once('>').unwrap();
                assert!(head.contains("src=\"/assets/"), "{path}: {head}");
                assert!(
                    rest.starts_with("</script>"),
                    "{path}: a script within the page"
                );
            }
        }
    }

    #[test]
    fn what_a_page_refers_to_is_there() {
        for (path, _, text) in FILES {
            for part in text.split("\"/assets/").skip(1) {
                let name = part.split('"').next().unwrap();
                let asset = format!("/assets/{name}");
                assert!(
                    FILES.iter().any(|(known, _, _)| *known == asset),
                    "{path}: {asset}"
                );
            }
        }
    }
}
