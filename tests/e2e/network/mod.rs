//! Every command over a faulty network: lost, late, foreign and hostile responses, proxies, and names.

mod faults;
mod hostile_answers;
mod proxies;
mod slow_names;
mod unsent_requests;
