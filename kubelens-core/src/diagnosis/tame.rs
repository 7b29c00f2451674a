//! Names in reports drive no terminal. The API server takes none that could, but a recording may hold anything.
//!
//! This happens when everything was found out: what objects are called tells them apart until then, and fingerprints
//! are of their names as they are.

use crate::model::{Cause, Coverage, Evidence, Finding, ObjectRef, printable};

/// Takes what could drive a terminal, or reorder text on it, out of all names.
pub(super) fn tame(causes: &mut [Cause], findings: &mut [Finding], coverage: &mut Coverage) {
    for cause in causes {
        object(&mut cause.subject);
        cause.evidence.iter_mut().for_each(evidence);
        for link in &mut cause.chain {
            object(&mut link.cause);
            object(&mut link.effect);
            text(&mut link.relation);
        }
        cause.affected.iter_mut().for_each(object);
        for other in &mut cause.ruled_out {
            object(&mut other.subject);
            text(&mut other.reason);
        }
        if let Some(group) = &mut cause.group {
            text(&mut group.title);
        }
    }
    for finding in findings {
        object(&mut finding.subject);
        finding.evidence.iter_mut().for_each(evidence);
    }
    for kind in &mut coverage.kinds {
        text(&mut kind.kind);
        text(&mut kind.detail);
    }
}

fn evidence(item: &mut Evidence) {
    object(&mut item.object);
    for words in [&mut item.path, &mut item.value, &mut item.text] {
        words.iter_mut().for_each(text);
    }
}

fn object(object: &mut ObjectRef) {
    text(&mut object.api_version);
    text(&mut object.kind);
    text(&mut object.name);
    object.namespace.iter_mut().for_each(text);
    object.uid.iter_mut().for_each(text);
}

fn text(text: &mut String) {
    let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if !text.bytes().all(is_plain) {
        *text = printable(text);
    }
}
