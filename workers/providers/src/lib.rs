//! sealflow-providers
