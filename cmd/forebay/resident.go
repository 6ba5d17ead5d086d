package main

import (
	"runtime/debug"
	"time"
)

// startLasts is how long after the first worker is ready the start is taken for over: the others are then, too, or soon.
const startLasts = 2 * time.Second

// forgetStart gives back the memory that was needed for the start alone: the settings as text, the worker program, and the
// pages of this program itself.
func forgetStart() {
	debug.FreeOSMemory()
	unmapPages()
}
