package manual

import (
	"strings"
	"unicode/utf8"
)

// longestLine is what lines of a page's source may have. Readers of the page see lines of their terminal's width.
const longestLine = 79

// roff writes the source of a manual page, in the macros of man(7), which all systems' man knows.
type roff struct {
	text strings.Builder
	// headed says that a heading was the last, which begins a paragraph by itself.
	headed bool
}

// macro writes a request as it is.
func (r *roff) macro(line string) {
	r.text.WriteString(line + "\n")
	r.headed = false
}

func (r *roff) section(name string) {
	r.macro(".SH " + name)
	r.headed = true
}

func (r *roff) subsection(name string) {
	r.macro(".SS " + escape(name))
	r.headed = true
}

// paragraph writes a text. What stands between backticks is typed as it is, and bold.
func (r *roff) paragraph(text string) {
	if !r.headed {
		r.macro(".PP")
	}
	r.lines(styled(text))
}

// item writes a word, in roff already, with what it means.
func (r *roff) item(word, text string) {
	r.macro(".TP")
	r.macro(guarded(word))
	r.lines(styled(text))
}

// example writes a command line as it is.
func (r *roff) example(line string) {
	r.macro(".PP\n.RS\n.nf")
	r.macro(guarded(bold(line)))
	r.macro(".fi\n.RE")
}

// lines breaks a text that is in roff already.
func (r *roff) lines(text string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > longestLine {
			r.macro(guarded(line))
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	r.macro(guarded(line))
}

// guarded keeps a line from being a request.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") { // the other character that begins one is escaped always
		return `\&` + line
	}
	return line
}

// escape keeps what is typed as it is: a dash is no hyphen, and quotes are straight.
func escape(text string) string { return escapes.Replace(text) }

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

func bold(text string) string { return `\fB` + escape(text) + `\fR` }

func italic(text string) string { return `\fI` + escape(text) + `\fR` }

// styled is a text with what stands between backticks in bold.
func styled(text string) string {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			out.WriteString(bold(part))
		} else {
			out.WriteString(escape(part))
		}
	}
	return out.String()
}
