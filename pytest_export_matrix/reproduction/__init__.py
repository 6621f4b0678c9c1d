"""`--export-matrix-repro=DIR`: write a folder for each cell that did not pass. It shows the failure
without pytest and without this plugin.

    scripts     evidence and result -> the texts of the folder. Pure.
    readme      how the cell ended, in words
    literals    values as Python source
    inline      copy modules of this package into one file that needs no other
    templating  fill templates
    folders     write texts and files into DIR/CELL
    templates/  the parts of scripts; the tables of `scripts` choose among them
"""
