//! From the language that administrators edit (contract types) to the one that is run (workflows).

mod contract_type;

pub(crate) use contract_type::contract_type;
