//! sealflow-jobs
