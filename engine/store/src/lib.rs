//! sealflow-store
