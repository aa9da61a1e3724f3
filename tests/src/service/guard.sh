# Outlives the process of the tests, however that ends, and then leaves nothing of a server: neither a process of its
# tree nor its folder. Standard input says which process is the root; its end means that the tests are gone.
folder=$1
root=
while read -r line; do root=$line; done

# Whoever descends from the root or is in a group or session that one of them leads, as in process.rs. Of what stands
# behind the name in `stat`, 2 is the parent, 3 the group and 4 the session.
tree() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v root="$root" '
        { id = $1; sub(/.*\) /, ""); split($0, field, " "); parent[id] = field[2]; group[id] = field[3]; session[id] = field[4] }
        END {
            found[root]
            do {
                more = 0
                for (id in parent)
                    if (!(id in found) && (parent[id] in found || group[id] in found || session[id] in found)) {
                        found[id]
                        more = 1
                    }
            } while (more)
            for (id in found) print id
        }'
}

if [ -n "$root" ]; then
    # Twice, as a process may have begun another one before it was stopped.
    kill -STOP $(tree) 2>/dev/null
    kill -STOP $(tree) 2>/dev/null
    kill -KILL $(tree) 2>/dev/null
fi
rm -rf -- "$folder"
