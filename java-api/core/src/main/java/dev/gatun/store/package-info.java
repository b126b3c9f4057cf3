/// What a run leaves on disk, in the formats the ecosystem reads: safetensors files, Hugging
/// Face's GPT-2 `config.json`, the trainer's own `trainer.json`, and the run folder that keeps
/// the last two checkpoints through kills and full disks.
///
/// A file that cannot be read as what it claims to be is a [dev.gatun.store.BadFile]; a disk that
/// will not take or give the bytes is a [dev.gatun.store.StoreFailure]. Nothing is written over.
package dev.gatun.store;
