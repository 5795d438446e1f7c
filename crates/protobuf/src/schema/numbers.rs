//! The field numbers of the messages that stand for one value.

/// `google.protobuf.Timestamp`.
pub(crate) const SECONDS: u32 = 1;
pub(crate) const NANOS: u32 = 2;

/// `manywire.Number`.
pub(crate) const INT: u32 = 1;
pub(crate) const FLOAT: u32 = 2;

/// `manywire.List`.
pub(crate) const VALUES: u32 = 1;

/// `manywire.Map`.
pub(crate) const FIELDS: u32 = 1;
pub(crate) const PAIRS: u32 = 2;

/// `manywire.Value`, of which one is there.
pub(crate) mod kind {
    pub(crate) const NULL: u32 = 1;
    pub(crate) const BOOL: u32 = 2;
    pub(crate) const INT: u32 = 3;
    pub(crate) const UINT: u32 = 4;
    pub(crate) const FLOAT: u32 = 5;
    pub(crate) const TEXT: u32 = 6;
    pub(crate) const BYTES: u32 = 7;
    pub(crate) const TIMESTAMP: u32 = 8;
    pub(crate) const LIST: u32 = 9;
    pub(crate) const MAP: u32 = 10;
    pub(crate) const ALL: std::ops::RangeInclusive<u32> = NULL..=MAP;
}
