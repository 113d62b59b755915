//! sealflow-tests
