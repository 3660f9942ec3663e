// Says what PostgreSQL's own parser (npm @libpg-query/parser, a WASM build of it) sees in scripts.
// stdin: one JSON object a line, {"path": …, "pieces": [[offset, length], …]}; stdout: one answer a line.
//   tokens: [[offset, length], …] of all tokens but comments in bytes, if the scanner knows them all.
//   statements: [[offset, length], …] of the first to the last token of each in bytes, if the parser accepts the script. Otherwise
//   counts: how many statements it sees in each piece, 0 where it refuses that one too.
'use strict';
const fs = require('fs');
const readline = require('readline');
const { createRequire } = require('module');
const parser = createRequire(process.argv[2] + '/')('@libpg-query/parser');

function attempt(read) {
    try {
        return read();
    } catch {
        return null;
    }
}

// The package refuses a text without any token; JavaScript's own idea of white space is a wider one.
function isBlank(text) {
    return /^[ \t\n\r\f\v]*$/.test(text);
}

function parse(text) {
    return isBlank(text) ? [] : parser.parseSync(text).stmts || [];
}

function scan(text) {
    return isBlank(text) ? [] : (parser.scanSync(text).tokens || [])
        .filter(t => t.tokenName !== 'C_COMMENT' && t.tokenName !== 'SQL_COMMENT')
        .map(t => [t.start || 0, t.end]);
}

function places(statements, tokens, end) {
    let i = 0;
    return statements.map(s => {
        const from = s.stmt_location || 0;
        const to = s.stmt_len ? from + s.stmt_len : end;
        while (tokens[i][0] < from) i++;
        const first = tokens[i][0];
        let last = first;
        for (; i < tokens.length && tokens[i][1] <= to; i++) last = tokens[i][1];
        return [first, last];
    });
}

function answer(request) {
    let bytes = fs.readFileSync(request.path);
    const start = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    bytes = bytes.subarray(start);
    const text = bytes.toString('utf8');
    const ranges = list => list && list.map(([from, to]) => [start + from, to - from]);
    const tokens = attempt(() => scan(text));
    const statements = tokens && attempt(() => parse(text));
    return {
        tokens: ranges(tokens),
        statements: statements && ranges(places(statements, tokens, bytes.length)),
        counts: statements ? null : request.pieces.map(([offset, length]) =>
            (attempt(() => parse(bytes.subarray(offset - start, offset - start + length).toString('utf8'))) || []).length),
    };
}

parser.loadModule().then(() => {
    readline.createInterface({ input: process.stdin }).on('line', line => {
        process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
    });
});
