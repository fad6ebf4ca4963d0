//! Queues and agents: one task owns every offer of a call to a human.
