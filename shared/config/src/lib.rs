//! The wire types of each plugin's configuration: the compiler writes them, the plugins read them.
