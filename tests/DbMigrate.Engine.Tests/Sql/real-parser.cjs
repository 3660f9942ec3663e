// Says where PostgreSQL's own parser (npm @libpg-query/parser, a WASM build of it) cuts scripts into statements.
// stdin: one JSON object a line, {"path": …, "pieces": [[offset, length], …]}; stdout: one answer a line.
//   statements: [[offset, length], …] of the first to the last token in bytes, and tokens: the same of each token but comments;
//   or error: why the parser refuses the script, and counts: how many statements it sees in each piece, 0 where it refuses that one too.
'use strict';
const fs = require('fs');
const readline = require('readline');
const { createRequire } = require('module');
const parser = createRequire(process.argv[2] + '/')('@libpg-query/parser');

const C_COMMENT = 'C_COMMENT';
const SQL_COMMENT = 'SQL_COMMENT';

function parse(text) {
    return text.trim() === '' ? [] : parser.parseSync(text).stmts || [];
}

function answer(request) {
    let bytes = fs.readFileSync(request.path);
    let start = 0;
    if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
        start = 3;
        bytes = bytes.subarray(3);
    }

    const text = bytes.toString('utf8');
    try {
        const statements = parse(text);
        const tokens = text.trim() === '' ? [] : (parser.scanSync(text).tokens || [])
            .filter(t => t.tokenName !== C_COMMENT && t.tokenName !== SQL_COMMENT)
            .map(t => [t.start || 0, t.end]);
        let i = 0;
        const found = statements.map(s => {
            const from = s.stmt_location || 0;
            const to = s.stmt_len ? from + s.stmt_len : bytes.length;
            while (tokens[i][0] < from) i++;
            const first = tokens[i][0];
            let end = first;
            for (; i < tokens.length && tokens[i][1] <= to; i++) end = tokens[i][1];
            return [start + first, end - first];
        });
        return { statements: found, tokens: tokens.map(t => [start + t[0], t[1] - t[0]]) };
    } catch (error) {
        return {
            error: String(error.message),
            counts: (request.pieces || []).map(([offset, length]) => {
                try {
                    return parse(bytes.subarray(offset - start, offset - start + length).toString('utf8')).length;
                } catch {
                    return 0;
                }
            }),
        };
    }
}

parser.loadModule().then(() => {
    readline.createInterface({ input: process.stdin }).on('line', line => {
        process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
    });
});
