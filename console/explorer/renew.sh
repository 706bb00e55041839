#!/bin/sh
# Fetches the vendored packages anew, as they were published. Needs npm.
# To renew one: change its version here, run this, and name its new folder in index.html.
set -eu

# A package's folder bears its version, because browsers keep these files for ever.
take() { # PACKAGE VERSION FILE…
    package=$1 version=$2
    shift 2
    folder=$vendor/${package##*/}-$version
    archive=$(cd "$scratch" && npm pack --silent "$package@$version")
    mkdir "$folder"
    for file; do
        tar -xzOf "$scratch/$archive" "package/$file" >"$folder/${file##*/}"
    done
}

vendor=$(dirname -- "$(readlink -f -- "$0")")/static/vendor
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rm -rf "$vendor"
mkdir "$vendor"

take react 18.3.1 umd/react.production.min.js LICENSE
take react-dom 18.3.1 umd/react-dom.production.min.js LICENSE
take graphiql 4.1.2 graphiql.min.js graphiql.min.css LICENSE
take @graphiql/plugin-explorer 4.0.6 dist/index.umd.js dist/style.css
take graphql-ws 6.4.2 umd/graphql-ws.min.js LICENSE.md
