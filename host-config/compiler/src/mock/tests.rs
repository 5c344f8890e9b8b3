//! What documents are answered with.

use super::*;
use crate::schema::tests::documents;
