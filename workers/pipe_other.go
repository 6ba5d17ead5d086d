//go:build !linux

package workers

import "os"

// pipeRoom returns how many bytes an empty pipe takes at once, for systems that do not tell.
func pipeRoom(*os.File) int { return leastPipeRoom }

// pipe is an end of a pipe.
type pipe struct{ *os.File }

func newIn(f *os.File) *pipe  { return &pipe{f} }
func newOut(f *os.File) *pipe { return &pipe{f} }

// widen reports that a pipe has the room that it has.
func (*pipe) widen(int) bool { return false }

// userPipes is the bound for the pipes of a user, which is not known.
func userPipes() int64 { return 0 }
