//! For which copy each chunk was preserved last.

use shadowvol::Extent;

use super::marks::push;
use super::pages::{PAGE, Pages};

/// The number of a copy for each chunk; 0 where nothing was preserved.
#[derive(Debug)]
pub(super) struct Stamps(Pages<Page>);

#[derive(Debug)]
struct Page([u32; PAGE as usize]);

impl Default for Page {
    fn default() -> Self {
        Self([0; PAGE as usize])
    }
}

impl Stamps {
    pub(super) fn new() -> Self {
        Self(Pages::new())
    }

    /// Stamps the chunks that are behind `newest`, and appends them: maximal runs, ascending.
    /// `each` hears the stamp that each of them had.
    pub(super) fn raise(
        &mut self,
        extent: Extent,
        newest: u32,
        new: &mut Vec<Extent>,
        mut each: impl FnMut(u32),
    ) {
        let mut first = extent.first.0;
        while first < extent.end() {
            let page = self.0.of(first);
            let end = extent.end().min((first / PAGE + 1) * PAGE);
            for chunk in first..end {
                let stamp = &mut page.0[(chunk % PAGE) as usize];
                if *stamp < newest {
                    each(*stamp);
                    *stamp = newest;
                    push(new, chunk, 1);
                }
            }
            first = end;
        }
    }
}
