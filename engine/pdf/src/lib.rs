//! sealflow-pdf
