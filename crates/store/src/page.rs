//! Pages of lists, as the API numbers them.

/// Which part of a list: `page` from 1, `pageSize` 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: u32,
    size: u32,
}

/// The page asked for cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageProblem {
    /// Pages are numbered from 1.
    #[error("'page' should be a whole number from 1")]
    Number,
    /// A page has 1 to 1,000 items.
    #[error("'pageSize' should be a whole number from 1 to 1000")]
    Size,
}

impl Page {
    /// The page `number` (from 1) of `size` (1 to 1,000) items each.
    pub fn new(number: u32, size: u32) -> Result<Self, PageProblem> {
        if number == 0 {
            return Err(PageProblem::Number);
        }
        if size == 0 || size > 1000 {
            return Err(PageProblem::Size);
        }
        Ok(Self { number, size })
    }

    /// Its number, from 1.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How many items it has room for.
    pub const fn size(self) -> u32 {
        self.size
    }

    /// How many items come before it.
    pub fn offset(self) -> u64 {
        u64::from(self.number - 1) * u64::from(self.size)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, size: 100 }
    }
}

/// One page of a list, and how long the whole list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// Newest created first.
    pub items: Vec<T>,
    /// Items on all pages together.
    pub total: u64,
}

impl<T> Listed<T> {
    /// An empty list.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), total: 0 }
    }

    /// This page with every item made into something else.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(make).collect(), total: self.total }
    }
}
