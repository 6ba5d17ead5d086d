// Package watch tells when files change that matter to whoever develops an application: those that patterns fit, and those
// that are named one by one, as workers do with the modules that they have imported.
//
// It promises that what changes after Open has returned, or after Add was acted on, is told, and that several changes that
// come together are told as one. Directories are watched and not files, as many editors put a new file in the place of the
// old one. Where the kernel does not tell of changes, on file systems of other machines or without a watch left, it looks
// for itself, twice a second. It watches a bounded number of directories, and says when there are more.
package watch
