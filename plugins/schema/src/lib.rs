//! Whether the message is what the document says.
