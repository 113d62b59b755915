//! sealflow-server
