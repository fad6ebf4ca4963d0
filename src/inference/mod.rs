//! Model threads: slots, deadlines, warm-up.
