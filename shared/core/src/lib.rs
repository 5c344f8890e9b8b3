//! What every decision is made of: the request, the operation index, the decision. No clock, no I/O.
