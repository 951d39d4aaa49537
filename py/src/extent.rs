//! Ranges of bytes as `shadowvol.Extent`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyType};
use shadowvol_host::ByteExtent;

static EXTENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

pub(crate) fn list<'py>(py: Python<'py>, extents: &[ByteExtent]) -> PyResult<Bound<'py, PyList>> {
    let class = EXTENT.import(py, "shadowvol._extent", "Extent")?;
    let list = PyList::empty(py);
    for extent in extents {
        list.append(class.call1((extent.offset, extent.length))?)?;
    }
    Ok(list)
}
