//! Composition: `App::build` makes every part from the configuration, `App::run` serves until it is told to stop.
