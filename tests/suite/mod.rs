mod cli;
mod conformance;
mod grammar;
mod house;
mod law;
