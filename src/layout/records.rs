//! Whether the records of a dataset folder can be relied on.

use crate::fs::{self, FsErrorKind};

use super::dirs::DatasetDir;
use super::error::LayoutError;
use super::listed::Listed;
use super::receipt::Receipt;

/// The records of a folder, as far as a look at the receipt and the sizes of the lists tells.
#[derive(Debug)]
pub enum Records {
    /// None of ours: no dataset is here.
    Absent,
    /// A receipt, and the lists beside it.
    Good(Box<Receipt>),
    /// Some of ours, and one is missing, empty or damaged.
    Broken {
        /// What is wrong with which file.
        error: LayoutError,
        /// The receipt, where that is not the broken one.
        receipt: Option<Box<Receipt>>,
    },
}

impl Records {
    /// Looks at a folder. Fails when this user may not, and where a later medsets wrote the receipt.
    pub fn of(dir: &DatasetDir) -> Result<Self, LayoutError> {
        let receipt = match Receipt::read(dir) {
            Ok(Some(receipt)) => Box::new(receipt),
            Ok(None) if dir.has_records()? => {
                return Ok(Self::Broken { error: LayoutError::NoRecord { path: dir.receipt_path() }, receipt: None });
            }
            Ok(None) => return Ok(Self::Absent),
            Err(error @ LayoutError::Newer { .. }) => return Err(error),
            Err(LayoutError::Fs(error)) if error.kind() == FsErrorKind::Denied => return Err(error.into()),
            Err(error) => return Ok(Self::Broken { error, receipt: None }),
        };
        let is_beside = matches!(receipt.listed, Listed::Beside(_));
        for (path, files) in
            [(dir.inventory_path(), receipt.files), (dir.listed_path(), receipt.listed.files() * u64::from(is_beside))]
        {
            let held = fs::metadata(&path)?.filter(|found| found.is_file()).map_or(0, |found| found.len());
            if held == 0 && files > 0 {
                return Ok(Self::Broken { error: LayoutError::NoRecord { path }, receipt: Some(receipt) });
            }
        }
        Ok(Self::Good(receipt))
    }
}
