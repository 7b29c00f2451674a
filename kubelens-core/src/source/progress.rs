/// Who watches a source at work. Every method has an empty default.
pub trait Progress: Send + Sync {
    /// So many objects of a kind (or of a file) have been read so far.
    fn counted(&self, what: &str, objects: usize) {
        let _ = (what, objects);
    }

    /// The kind (or the file) has been read to its end.
    fn finished(&self, what: &str, objects: usize) {
        let _ = (what, objects);
    }

    /// Something was left out; the text is one line.
    fn warning(&self, text: &str) {
        let _ = text;
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}
