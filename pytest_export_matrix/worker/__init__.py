"""Work that happens in other processes: `protocol` what crosses, `main` the child, `launch` the
parent, and one file a task: `prepare`, `export`, `infer`, `probe`."""
