package conditional

import (
	"io/fs"
	"strconv"
	"time"
)

// OfFile are the validators of a file by what its directory says of it: the time of its last change, which file systems
// keep to the nanosecond, and its size. A file that seems to come from the future was modified now (RFC 9110, section
// 8.8.2.1). One without a time has no validators, and so has one of the first second: package stores and reproducible
// archives give that time to all files of all versions.
func OfFile(info fs.FileInfo) Validators {
	modified := info.ModTime()
	if modified.IsZero() || modified.Unix() <= 1 {
		return Validators{}
	}
	tag := append(make([]byte, 0, 40), '"')
	tag = strconv.AppendInt(tag, modified.UnixNano(), 36)
	tag = append(tag, '-')
	tag = strconv.AppendInt(tag, info.Size(), 36)
	return Validators{ETag: append(tag, '"'), Modified: min(modified.Unix(), time.Now().Unix())}
}
