//go:build !linux

package workers

import "os"

// pipeRoom returns how many bytes an empty pipe takes at once, for systems that do not tell.
func pipeRoom(*os.File) int { return leastPipeRoom }
