#!/bin/sh
# Runs examples/demo.sh and makes examples/demo.svg of it, the animated recording that the README shows.
#
#   examples/record.sh
set -eu

cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
examples/demo.sh >"$out"

# Lines of the picture: a kind, a tab, the text. A step is left out if its command matches `skip`; remarks go with the
# step below them. Long lines are broken at words, as a terminal of `columns` columns would at most.
sed -e "s|/tmp/tmp\.[[:alnum:]]*/home|/home/ana|" "$out" | awk -v columns=84 -v skip='cat |sessions|boxes|json|logout' '
    function put(kind, text,    cut) {
        while (length(text) > columns) {
            for (cut = columns; cut > 20 && substr(text, cut, 1) != " "; cut--) {}
            if (cut == 20) cut = columns
            step = step kind "\t" substr(text, 1, cut - 1) "\n"
            text = "  " substr(text, cut + 1)
        }
        step = step kind "\t" text "\n"
    }
    function finish() {
        if (command != "" && command !~ skip) printf "%s", step "gap\t\n"
        if (command != "") step = command = ""
    }
    /^# / && (blank || remark) { if (command != "") finish(); put("remark", $0); remark = 1; blank = 0; next }
    { remark = 0 }
    /^\$ / && blank { if (command != "") finish(); command = $0; put("command", $0); blank = 0; next }
    { blank = ($0 == "") }
    blank || command == "" { next }
    { put(/^(booked|cancelled):/ ? "done" : /^(error|warning):/ ? "problem" : "output", $0) }
    END { finish() }' >"$out.lines"

# The picture: all lines in one column that scrolls up. A dark rectangle in front of them, the curtain, hides those that
# are still to come. Without animation the beginning is shown.
awk -F '\t' -v rows=24 -v height=19 '
    function escape(text) {
        gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
        return text
    }
    function percent(at) { return sprintf("%.2f%%", 100 * at / seconds) }
    # from second `at` on, the first `shown` lines are visible
    function stop(at, shown) {
        stops++; time[stops] = at
        scroll[stops] = shown > rows ? (rows - shown) * height : 0
        curtain[stops] = shown * height
    }
    { n++; kind[n] = $1; text[n] = $2 }
    END {
        seconds = 0
        for (i = 1; i <= n; i++) {
            if (kind[i] == "remark" && kind[i - 1] != "remark") { stop(seconds, i - 1); seconds += 0.4 }
            if (kind[i] == "command") {
                stop(seconds, i); seconds += text[i] ~ /prebook run/ ? 2.5 : 1.2
                for (last = i; last < n && kind[last + 1] != "remark" && kind[last + 1] != "command"; ) last++
                stop(seconds, last); seconds += 1.5 + 0.25 * (last - i)
            }
        }
        seconds += 2
        width = 760; top = 46; bottom = top + rows * height + 14
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", width, bottom, width, bottom
        print "<title>aimharder in a terminal: log in, list classes, book, prebook, cancel</title>"
        print "<style>"
        print "text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, \"DejaVu Sans Mono\", monospace; fill: #c9d1d9; white-space: pre; }"
        print ".remark { fill: #7d8590; } .command { fill: #fff; font-weight: 600; } .done { fill: #3fb950; } .problem { fill: #e3b341; }"
        printf ".lines { animation: scroll %.1fs step-end infinite; }\n.curtain { animation: curtain %.1fs step-end infinite; }\n", seconds, seconds
        printf "@keyframes scroll {"
        for (i = 1; i <= stops; i++) printf " %s { transform: translateY(%dpx); }", percent(time[i]), scroll[i]
        printf " }\n@keyframes curtain {"
        for (i = 1; i <= stops; i++) printf " %s { transform: translateY(%dpx); }", percent(time[i]), curtain[i]
        print " }"
        print "@media (prefers-reduced-motion: reduce) { .lines, .curtain { animation: none; } }"
        print "</style>"
        print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>"
        print "<circle cx=\"20\" cy=\"18\" r=\"6\" fill=\"#ff5f56\"/><circle cx=\"40\" cy=\"18\" r=\"6\" fill=\"#ffbd2e\"/><circle cx=\"60\" cy=\"18\" r=\"6\" fill=\"#27c93f\"/>"
        printf "<svg y=\"%d\" width=\"%d\" height=\"%d\" viewBox=\"0 5 %d %d\">\n<g class=\"lines\">\n", top - 5, width, rows * height + 1, width, rows * height + 1
        for (i = 1; i <= n; i++) {
            if (text[i] != "") printf "<text class=\"%s\" x=\"20\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", kind[i], i * height, escape(text[i])
        }
        printf "<g class=\"curtain\" transform=\"translate(0 %d)\"><rect y=\"5\" width=\"%d\" height=\"%d\" fill=\"#0d1117\"/></g>\n", n * height, width, (n + rows) * height
        print "</g>\n</svg>\n</svg>"
    }' "$out.lines" >examples/demo.svg
rm -f "$out.lines"
