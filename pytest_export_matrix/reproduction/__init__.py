"""`--export-matrix-repro=DIR`: a folder for each cell that did not pass, which shows the failure
without pytest and without this plugin.

    facts       what a cell was made from, and where its files are
    scripts     facts and result -> the texts of the folder. Pure.
    inline      modules of this package as one file that stands by itself
    folders     the edge: texts and files into DIR/CELL
    templates/  what the scripts are put together from, by the tables of `scripts`
"""
