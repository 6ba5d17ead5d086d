// Package mediatype knows the media types of files by their names, and which types clients would rather have.
package mediatype

import "strings"

// Default is the type of what has no known ending: bytes, to be saved and not shown.
const Default = "application/octet-stream"

// longestEnding is the longest key of types, with its dot.
const longestEnding = len(".webmanifest")

// ByName is the type by the ending of a name, in any case. The machine's own tables are never asked: the same file
// has the same type everywhere.
func ByName(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || len(name)-dot > longestEnding {
		return Default
	}
	if t, ok := types[strings.ToLower(name[dot:])]; ok {
		return t
	}
	return Default
}

// types are the endings that web pages are made of and link to. Text is UTF-8. XML, SVG and JSON have no charset: XML
// names its own, and JSON is always UTF-8 (RFC 8259, section 8.1). JavaScript's type is that of RFC 9239.
var types = map[string]string{
	// Text.
	".css":      "text/css; charset=utf-8",
	".csv":      "text/csv; charset=utf-8",
	".htm":      "text/html; charset=utf-8",
	".html":     "text/html; charset=utf-8",
	".ics":      "text/calendar; charset=utf-8",
	".js":       "text/javascript; charset=utf-8",
	".log":      "text/plain; charset=utf-8",
	".markdown": "text/markdown; charset=utf-8",
	".md":       "text/markdown; charset=utf-8",
	".mjs":      "text/javascript; charset=utf-8",
	".txt":      "text/plain; charset=utf-8",
	".vcf":      "text/vcard; charset=utf-8",
	".vtt":      "text/vtt; charset=utf-8",

	// Data.
	".atom":        "application/atom+xml",
	".geojson":     "application/geo+json",
	".json":        "application/json",
	".jsonld":      "application/ld+json",
	".map":         "application/json",
	".rss":         "application/rss+xml",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".xhtml":       "application/xhtml+xml",
	".xml":         "application/xml",
	".xsl":         "application/xml",

	// Images.
	".apng": "image/apng",
	".avif": "image/avif",
	".bmp":  "image/bmp",
	".gif":  "image/gif",
	".heic": "image/heic",
	".ico":  "image/x-icon",
	".jpeg": "image/jpeg",
	".jpg":  "image/jpeg",
	".jxl":  "image/jxl",
	".png":  "image/png",
	".svg":  "image/svg+xml",
	".tif":  "image/tiff",
	".tiff": "image/tiff",
	".webp": "image/webp",

	// Fonts (RFC 8081).
	".eot":   "application/vnd.ms-fontobject",
	".otf":   "font/otf",
	".ttc":   "font/collection",
	".ttf":   "font/ttf",
	".woff":  "font/woff",
	".woff2": "font/woff2",

	// Sound and film.
	".aac":  "audio/aac",
	".avi":  "video/x-msvideo",
	".flac": "audio/flac",
	".m3u8": "application/vnd.apple.mpegurl",
	".m4a":  "audio/mp4",
	".m4v":  "video/mp4",
	".mid":  "audio/midi",
	".midi": "audio/midi",
	".mkv":  "video/matroska",
	".mov":  "video/quicktime",
	".mp3":  "audio/mpeg",
	".mp4":  "video/mp4",
	".mpd":  "application/dash+xml",
	".mpeg": "video/mpeg",
	".mpg":  "video/mpeg",
	".oga":  "audio/ogg",
	".ogg":  "audio/ogg",
	".ogv":  "video/ogg",
	".opus": "audio/ogg",
	".wav":  "audio/wav",
	".weba": "audio/webm",
	".webm": "video/webm",

	// Documents.
	".doc":  "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".epub": "application/epub+zip",
	".odp":  "application/vnd.oasis.opendocument.presentation",
	".ods":  "application/vnd.oasis.opendocument.spreadsheet",
	".odt":  "application/vnd.oasis.opendocument.text",
	".pdf":  "application/pdf",
	".ppt":  "application/vnd.ms-powerpoint",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".rtf":  "application/rtf",
	".xls":  "application/vnd.ms-excel",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",

	// Archives.
	".7z":  "application/x-7z-compressed",
	".br":  "application/x-brotli",
	".bz2": "application/x-bzip2",
	".gz":  "application/gzip",
	".jar": "application/java-archive",
	".rar": "application/vnd.rar",
	".tar": "application/x-tar",
	".tgz": "application/gzip",
	".whl": "application/zip",
	".xz":  "application/x-xz",
	".zip": "application/zip",
	".zst": "application/zstd",
}

// Compressible reports whether files of a type get smaller when they are compressed. Pictures, sound, film, archives and
// the newer formats of fonts are compressed already.
func Compressible(typ string) bool {
	typ, _, _ = strings.Cut(typ, ";")
	switch typ {
	case "application/javascript", "application/json", "application/manifest+json", "application/rtf", "application/wasm",
		"application/xml", "application/vnd.ms-fontobject", "application/vnd.apple.mpegurl", "application/x-tar",
		"font/otf", "font/ttf", "font/collection", "image/bmp", "image/x-icon", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(typ, "text/") || strings.HasSuffix(typ, "+xml") || strings.HasSuffix(typ, "+json")
}
