//! What an operating system gives: files and devices, threads, barriers, locks.
