//! Which operation a request means, and which upstream answers it.
