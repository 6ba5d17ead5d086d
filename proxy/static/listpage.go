package static

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// listStyle is all of the page that is not in the directory. A long name breaks anywhere, and a narrow screen has the time
// below the date.
const listStyle = `html{background:Canvas}body{font:16px/1.5 system-ui,sans-serif;max-width:56em;margin:2.5em auto;padding:0 1em}` +
	`h1{font-size:1.3em;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}` +
	`th,td{padding:.35em .5em;text-align:left;vertical-align:top;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}` +
	`th{font-weight:600;font-size:.85em;white-space:nowrap}td:first-child{overflow-wrap:anywhere}a{text-decoration:none}a:hover,a:focus{text-decoration:underline}` +
	`th+th,td+td{text-align:right;font-variant-numeric:tabular-nums}td+td{white-space:nowrap}tr:hover td{background:color-mix(in srgb,currentColor 6%,transparent)}` +
	`@media(max-width:36em){time{white-space:normal}}`

// listPage is the list for people. What is in it comes from a file system, where names may be anything. below says that
// there is a directory above it that may be listed, too.
func listPage(title string, below bool, all []listed) []byte {
	var b strings.Builder
	title = visible(title)
	b.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
		`<title>` + title + `</title><style>` + listStyle + `</style></head><body><main><h1>` + title + `</h1><table><thead><tr>` +
		`<th scope="col">Name</th><th scope="col">Modified (UTC)</th><th scope="col">Size</th></tr></thead><tbody>`)
	if below {
		b.WriteString(`<tr><td><a href="../">../</a></td><td></td><td></td></tr>`)
	}
	for _, one := range all {
		name, size := one.Name, ""
		if one.Type == typeDirectory {
			name += "/"
		} else {
			size = sizeText(*one.Size)
		}
		// "./" keeps a name with a colon from being read as a scheme (RFC 3986, section 4.2).
		href := "./" + (&url.URL{Path: name}).EscapedPath()
		b.WriteString(`<tr><td><a href="` + html.EscapeString(href) + `">` + visible(name) + `</a></td><td><time datetime="` +
			one.Modified.Format(time.RFC3339) + `">` + one.Modified.Format(time.DateTime) + `</time></td><td>` + size + `</td></tr>`)
	}
	if len(all) == 0 {
		b.WriteString(`<tr><td>There is nothing here.</td><td></td><td></td></tr>`)
	}
	b.WriteString("</tbody></table></main></body></html>\n")
	return []byte(b.String())
}

// visible is a name as text of a page. What cannot be seen is shown to be there: a name that is written from right to left
// could look as if it had another ending.
func visible(name string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, name))
}

// sizeText is a number of bytes in the unit in which it reads well. All of it is there for who points at it.
func sizeText(bytes int64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	if bytes < 1024 {
		return fmt.Sprintf("%d&nbsp;B", bytes)
	}
	value, unit := float64(bytes)/1024, 0
	for value >= 1023.95 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf(`<span title="%d bytes">%.1f&nbsp;%s</span>`, bytes, value, units[unit])
}
