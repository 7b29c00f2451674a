//! Says where in an object a decoder stumbled.

/// The path of the field at a position, as `kubectl explain` and JSONPath write it:
/// `status.containerStatuses[0].restartCount`. Lines and columns count from 1, as serde_json's do.
pub(crate) fn path_at(json: &[u8], line: usize, column: usize) -> String {
    let before: usize = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    path_to(
        json.get(..(before + column).min(json.len()))
            .unwrap_or_default(),
    )
}

enum Level {
    Object(String),
    Array(usize),
}

/// The path of the value that begins or ends where the text ends.
fn path_to(text: &[u8]) -> String {
    let mut levels: Vec<Level> = Vec::new();
    let mut is_key_next = false;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let rest = text.get(at..).unwrap_or_default();
                let length = length_of_string(rest);
                if let (true, Some(Level::Object(key))) = (is_key_next, levels.last_mut()) {
                    *key = String::from_utf8_lossy(rest.get(..length).unwrap_or(rest)).into_owned();
                    is_key_next = false;
                }
                at += length + 1;
            }
            b'{' => {
                levels.push(Level::Object(String::new()));
                is_key_next = true;
            }
            b'[' => levels.push(Level::Array(0)),
            // The closing bracket that the decoder stopped at belongs to the value.
            b'}' | b']' if at < text.len() => {
                levels.pop();
            }
            b',' if at < text.len() => match levels.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                _ => is_key_next = true,
            },
            _ => {}
        }
    }
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object(key) if key.is_empty() => {}
            Level::Object(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key);
            }
            Level::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

fn length_of_string(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += offset;
        if text.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::path_at;
    use crate::kubernetes::Pod;

    #[test]
    fn the_field_of_the_wrong_type_is_named() {
        let cases = [
            (
                r#"{"spec":{"containers":[{"name":"a"},{"name":7}]}}"#,
                "spec.containers[1].name",
            ),
            (
                "{\"metadata\":{\n\"labels\":{\"a\\\"b\":\"x\",\"c\":{}}}}",
                "metadata.labels.c",
            ),
            (
                r#"{"status":{"containerStatuses":[{"restartCount":"many"}]}}"#,
                "status.containerStatuses[0].restartCount",
            ),
            (r#"{"spec":[1]}"#, "spec[0]"),
        ];
        for (json, path) in cases {
            let error = serde_json::from_str::<Pod>(json).expect_err(json);
            assert_eq!(
                path_at(json.as_bytes(), error.line(), error.column()),
                path,
                "{error}"
            );
        }
    }
}
