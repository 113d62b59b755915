//! sealflow-sandbox
