"""What builds and checks the site: maths, figures, the program runner, the commands."""
