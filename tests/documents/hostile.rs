//! Documents that are broken or hostile.
