//! The story: images that mkfs.ext4, debugfs and e2fsck have made are read as these programs mean
//! them, dirty journals included; and what was damaged afterwards is an error or does not matter.

#![cfg(target_os = "linux")]

mod damage;
mod images;
mod journal;
mod replies;
mod shape;
mod tree;
