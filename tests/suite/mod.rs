mod allocation;
#[cfg(feature = "cli")]
mod cli;
mod cognito;
mod cognito_properties;
mod conformance;
mod crowds;
mod differential;
mod environment;
mod exhaustive;
mod grammar;
mod hostile;
mod house;
mod law;
mod properties;
#[cfg(feature = "cli")]
mod readme;
#[cfg(feature = "token")]
mod token;
