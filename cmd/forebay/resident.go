package main

import "runtime/debug"

// forgetStart gives back the memory that was needed for the start alone: the settings as text, the worker program, and the
// pages of this program itself.
func forgetStart() {
	debug.FreeOSMemory()
	unmapPages()
}
