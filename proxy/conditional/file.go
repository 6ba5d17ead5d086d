package conditional

import (
	"io/fs"
	"strconv"
	"time"
)

// OfFile are the validators of a file by what its directory says of it: the time of its last change, which file systems
// keep to the nanosecond, and its size. A file that seems to come from the future was modified now (RFC 9110, section
// 8.8.2.1). One without a time has no validators, and so has one of the first second: package stores and reproducible
// archives give that time to all files of all versions. In the first second of a version its tag is weak: the file may be
// written to again without another time to show for it (section 8.8.1).
func OfFile(info fs.FileInfo) Validators {
	modified := info.ModTime()
	if modified.IsZero() || modified.Unix() <= 1 {
		return Validators{}
	}
	now := time.Now()
	tag := make([]byte, 0, 40)
	if now.Sub(modified) < time.Second {
		tag = append(tag, weakMark...)
	}
	tag = append(tag, '"')
	tag = strconv.AppendInt(tag, modified.UnixNano(), 36)
	tag = append(tag, '-')
	tag = strconv.AppendInt(tag, info.Size(), 36)
	return Validators{ETag: append(tag, '"'), Modified: min(modified.Unix(), now.Unix())}
}
