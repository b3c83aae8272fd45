"""The documentation site: pages of `docs/`, a gallery of computed maps, and a reference generated from declarations.

    python -m tools.site                 # writes build/site
    python -m tools.site --record        # writes the hashes of the gallery's maps into docs/gallery/gallery.toml

`stage` copies the pages into a folder of its own, `figures` puts pictures in place of the examples' results, `gallery` and
`reference` write further pages there, Sphinx makes HTML of them, with warnings as errors, and `offline` checks that no page
loads anything from elsewhere. Nothing that is generated is committed.
"""
