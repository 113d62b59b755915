//! The workers' promises, on both engines: nothing lost, nothing done twice, nothing that ends a worker.

mod crash;
mod endings;
mod flow;
mod puppet;
mod stop;
