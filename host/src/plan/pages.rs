//! Something for every chunk, where any was written.

/// Chunks of a page.
pub(super) const PAGE: u64 = 1 << 14;

/// Pages by the number of their first chunk, made when they are first wanted.
#[derive(Debug)]
pub(super) struct Pages<P>(Vec<Option<Box<P>>>);

impl<P: Default> Pages<P> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// The page that holds a chunk.
    pub(super) fn of(&mut self, chunk: u64) -> &mut P {
        let at = (chunk / PAGE) as usize;
        if at >= self.0.len() {
            self.0.resize_with(at + 1, || None);
        }
        self.0[at].get_or_insert_default()
    }

    /// How many pages there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }
}
